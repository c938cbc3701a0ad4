// Sets the theme before the page is drawn: the chosen one, or else the system's.
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => {
    try {
      return localStorage.getItem('anneal-theme');
    } catch {
      return null; // a browser may forbid it
    }
  };
  const apply = () => {
    root.dataset.theme = chosen() ?? (dark.matches ? 'dark' : 'light');
    for (const button of document.querySelectorAll('[data-toggle-theme]')) {
      button.textContent = root.dataset.theme === 'dark' ? 'Light' : 'Dark'; // what it does
    }
    document.dispatchEvent(new Event('themechange'));
  };
  dark.addEventListener('change', apply);
  document.addEventListener('DOMContentLoaded', () => {
    for (const button of document.querySelectorAll('[data-toggle-theme]')) {
      button.addEventListener('click', () => {
        try {
          localStorage.setItem('anneal-theme', root.dataset.theme === 'dark' ? 'light' : 'dark');
        } catch {
          root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
        }
        apply();
      });
    }
    apply();
  });
  apply();
})();
