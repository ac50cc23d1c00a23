"use strict";
// Niceties only: the page is complete without this script.
(function () {
  var each = function (root, selector, work) {
    Array.prototype.forEach.call(root.querySelectorAll(selector), work);
  };

  var marks = window.Highlight && window.CSS && CSS.highlights ? new Highlight() : null;
  if (marks) CSS.highlights.set("found", marks);

  // A link into a folded part unfolds it; one to a topic that is filtered out shows it again.
  function reveal() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (var node = target.parentElement; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    var topics = target.closest(".gaps-only");
    if (topics && target.matches(".full")) topics.querySelector(".only-gaps").click();
    target.scrollIntoView({ block: "start" });
  }

  each(document, "article", function (article) {
    var topics = article.querySelector(".topics");
    var text = article.querySelector(".text");
    var speech = text.querySelector(".speech");
    var filter = text.querySelector(".filter");
    var search = text.querySelector(".search");
    var hits = text.querySelector(".hits");
    var found = [];
    var ranges = [];
    var at = -1;

    each(article, ".js", function (tool) { tool.hidden = false; });

    topics.querySelector(".only-gaps").addEventListener("change", function (event) {
      topics.classList.toggle("gaps-only", event.target.checked);
    });

    // A sentence is a hit if it has the label or topic chosen and all the words looked for.
    function show() {
      var token = filter.value;
      var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      var active = token !== "" || words.length > 0;
      found = [];
      each(speech, ".seg", function (segment) {
        var said = segment.querySelector(".said").textContent.toLowerCase();
        var match = active &&
          (token === "" || segment.dataset.l.split(" ").indexOf(token) >= 0) &&
          words.every(function (word) { return said.indexOf(word) >= 0; });
        segment.classList.toggle("hit", match);
        if (match) found.push(segment);
      });
      speech.classList.toggle("filtered", active);
      text.querySelector(".finding").hidden = !active;
      if (active) setFolds(true);
      mark(words);
      go(-1);
    }

    // Where the browser can, the words themselves are marked too.
    function mark(words) {
      if (!marks) return;
      ranges.forEach(function (range) { marks.delete(range); });
      ranges = [];
      found.forEach(function (segment) {
        var walker = document.createTreeWalker(segment.querySelector(".said"), NodeFilter.SHOW_TEXT);
        for (var node = walker.nextNode(); node; node = walker.nextNode()) {
          var said = node.data.toLowerCase();
          words.forEach(function (word) {
            for (var k = said.indexOf(word); k >= 0; k = said.indexOf(word, k + word.length)) {
              if (k + word.length > node.length) break;
              var range = new Range();
              range.setStart(node, k);
              range.setEnd(node, k + word.length);
              ranges.push(range);
              marks.add(range);
            }
          });
        }
      });
    }

    // Go to one of the hits, none if it is -1.
    function go(number) {
      each(speech, ".now", function (segment) { segment.classList.remove("now"); });
      at = found.length && number >= 0 ? number : -1;
      var total = hits.dataset.form.replace("{}", found.length);
      hits.textContent = at < 0 ? total : at + 1 + " / " + total;
      if (at < 0) return;
      found[at].classList.add("now");
      found[at].scrollIntoView({ block: "center" });
    }
    function next() { if (found.length) go((at + 1) % found.length); }
    function previous() { if (found.length) go((at < 1 ? found.length : at) - 1); }
    function clear() {
      filter.value = search.value = "";
      show();
    }

    filter.addEventListener("change", show);
    search.addEventListener("input", show);
    search.addEventListener("keydown", function (event) {
      if (event.key === "Enter" && !event.isComposing) (event.shiftKey ? previous : next)();
    });
    text.querySelector(".next").addEventListener("click", next);
    text.querySelector(".previous").addEventListener("click", previous);
    text.querySelector(".clear").addEventListener("click", clear);

    // From a topic to all its sentences. The link is followed first, so that the browser's way back
    // leads to the topic, and the next Tab goes on from the first sentence.
    each(topics, "[data-token]", function (link) {
      link.addEventListener("click", function () {
        setTimeout(function () {
          search.value = "";
          filter.value = link.dataset.token;
          show();
          go(0);
        });
      });
    });

    // From a sentence to its topics: a click names them. A heading folds instead, but for its labels.
    speech.addEventListener("click", function (event) {
      var segment = event.target.closest(".seg");
      if (!segment || event.target.closest("a") || !getSelection().isCollapsed) return;
      if (segment.closest("summary") && !event.target.closest(".marks")) return;
      event.preventDefault();
      segment.classList.toggle("named");
    });

    function setFolds(open) {
      each(speech, "details", function (fold) { fold.open = open; });
    }
    text.querySelector(".open-all").addEventListener("click", function () { setFolds(true); });
    text.querySelector(".close-all").addEventListener("click", function () { setFolds(false); });
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
  document.addEventListener("click", function (event) { // a link that was followed before
    var link = event.target.closest("a");
    if (link && link.hash && link.hash === location.hash && !event.defaultPrevented) reveal();
  });
  reveal();
})();
