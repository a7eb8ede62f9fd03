// Runs before the first paint: the chosen theme, and a word when the page can't be loaded.
(function () {
  try {
    var theme = localStorage.getItem("slipway-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (e) { /* Storage is refused in some private modes: the system's theme it is. */ }

  var started = false;
  function failed() {
    var box = document.getElementById("broken");
    if (started || !box) return;
    box.setAttribute("role", "alert");
    box.hidden = false;
  }
  addEventListener("TrunkApplicationStarted", function () {
    started = true;
    var box = document.getElementById("broken");
    if (box) box.hidden = true;
  });
  addEventListener("unhandledrejection", failed);
  // A script that can't be loaded tells only its own element, hence the capture.
  addEventListener("error", function (event) {
    if (event.target === window || event.target instanceof HTMLScriptElement) failed();
  }, true);
  setTimeout(failed, 60000);
  // Not a link to the page itself: that would lose the fragment, and the room's secret with it.
  addEventListener("click", function (event) {
    if (event.target instanceof Element && event.target.closest("#reload")) location.reload();
  });
})();
