import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/components.css';
import './styles/controls.css';
import './styles/table.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { listenForKeys } from './keyboard.ts';
import { followLinks, path } from './router.ts';
import { viewOf } from './routes.tsx';
import { applyTheme } from './theme.ts';

// Asked for at once, while the page finds out what it is about; a failure shows when the view is rendered.
viewOf(path.value)
  ?.load()
  .catch(() => undefined);
applyTheme();
followLinks((path) => viewOf(path) !== undefined);
listenForKeys();
const app = document.getElementById('app')!;
app.replaceChildren();
render(<App />, app);
