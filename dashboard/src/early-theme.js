// The choice that theme.ts keeps, before the first paint: no flash of the other one. Reading it throws where nothing is kept.
try {
  const theme = localStorage.getItem('sluice.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  document.documentElement.dataset.theme = '';
}
