(() => {
  let kept = null;
  try {
    kept = localStorage.getItem("heliograph-color-scheme");
  } catch {
    // Storage can be refused; the system's scheme serves then.
  }
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const scheme = kept === "light" || kept === "dark" ? kept : isDark ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();
