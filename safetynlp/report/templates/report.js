"use strict";
// Niceties only: the page is complete without this script.
(function () {
  var each = function (root, selector, work) {
    Array.prototype.forEach.call(root.querySelectorAll(selector), work);
  };

  // A link into a folded part unfolds it.
  function reveal() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (var node = target.parentElement; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    target.scrollIntoView({ block: "start" });
  }

  each(document, "article", function (article) {
    var topics = article.querySelector(".topics");
    var speech = article.querySelector(".speech");
    var hits = article.querySelector(".hits");

    each(article, ".js", function (tool) { tool.hidden = false; });

    article.querySelector(".only-gaps").addEventListener("change", function (event) {
      topics.classList.toggle("gaps-only", event.target.checked);
    });

    // A sentence is a hit if it has the label chosen and the words looked for, as far as given.
    var filter = article.querySelector(".filter");
    var search = article.querySelector(".search");
    function show() {
      var token = filter.value;
      var words = search.value.trim().toLowerCase();
      var found = 0;
      speech.classList.toggle("filtered", token !== "" || words !== "");
      each(speech, ".seg", function (segment) {
        var said = segment.querySelector(".said").textContent.toLowerCase();
        var match = (token !== "" || words !== "") &&
          (token === "" || segment.dataset.l.split(" ").indexOf(token) >= 0) &&
          said.indexOf(words) >= 0;
        segment.classList.toggle("hit", match);
        if (match) found += 1;
      });
      hits.textContent = token || words ? hits.dataset.form.replace("{}", found) : "";
      if (token || words) setFolds(true);
    }
    filter.addEventListener("change", show);
    search.addEventListener("input", show);

    function setFolds(open) {
      each(speech, "details", function (fold) { fold.open = open; });
    }
    article.querySelector(".open-all").addEventListener("click", function () { setFolds(true); });
    article.querySelector(".close-all").addEventListener("click", function () { setFolds(false); });

    // A link or label inside a heading must not fold it.
    each(speech, "summary .marks", function (marks) {
      marks.addEventListener("click", function (event) {
        if (!event.target.closest("a")) event.preventDefault();
      });
    });
  });

  // On paper everything is open but the further quotes, which stand in the text too.
  var closed = [];
  window.addEventListener("beforeprint", function () {
    each(document, "details:not([open]):not(.topic details)", function (fold) { closed.push(fold); fold.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (fold) { fold.open = false; });
    closed = [];
  });

  window.addEventListener("hashchange", reveal);
  reveal();
})();
