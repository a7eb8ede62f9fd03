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
  addEventListener("TrunkApplicationStarted", function () { started = true; });
  addEventListener("unhandledrejection", failed);
  setTimeout(failed, 60000);
})();
