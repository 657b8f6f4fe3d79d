import { Dialog } from './components/dialog.tsx';
import { helpShown, viewShortcuts } from './keyboard.ts';
import { hrefTo } from './router.ts';
import { views } from './routes.tsx';

const keyName = (key: string) => (key === ' ' ? 'Space' : key);

/** The keys of the page and of the view on show. */
export function HelpDialog() {
  const close = () => {
    helpShown.value = false;
  };
  return (
    <Dialog title="Keys" open={helpShown.value} onClose={close}>
      <dl class="keys">
        {views.map(({ key, title }) => [
          <dt key={`${key}-key`}>
            <kbd>g</kbd> <kbd>{key}</kbd>
          </dt>,
          <dd key={key}>{title}</dd>,
        ])}
        <dt>
          <kbd>/</kbd>
        </dt>
        <dd>To the filter or the choice of tags</dd>
        {viewShortcuts.value.map(({ key, says }) => [
          <dt key={`${key}-key`}>
            <kbd>{keyName(key)}</kbd>
          </dt>,
          <dd key={key}>{says}</dd>,
        ])}
        <dt>
          <kbd>Esc</kbd>
        </dt>
        <dd>Close what is open</dd>
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>This list</dd>
      </dl>
      <p class="hint">
        Everything you see has an address: choose streams, tags and ranges, then copy the link. Other programs read the same figures by the{' '}
        <a href={hrefTo('/docs')} onClick={close}>
          HTTP interface
        </a>
        .
      </p>
    </Dialog>
  );
}
