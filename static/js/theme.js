// Runs before the first paint, so that no page flashes in the wrong theme. Django's admin keeps its
// own choice under the same name, so both know the same three words: light, dark, auto.
(() => {
  const root = document.documentElement;
  const stored = () => {
    try { return localStorage.getItem("theme") ?? "auto"; } catch { return "auto"; }
  };
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    document.dispatchEvent(new Event("themechange"));
  };
  apply(stored());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(stored()));
  document.addEventListener("DOMContentLoaded", () => {
    const picker = document.getElementById("theme");
    if (!picker) return;
    picker.closest("label").hidden = false;
    picker.value = ["light", "dark"].includes(stored()) ? stored() : "auto";
    picker.addEventListener("change", () => {
      try { localStorage.setItem("theme", picker.value); } catch { /* for this page only */ }
      apply(picker.value);
    });
  });
})();
