import { useState } from 'preact/hooks';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Input } from './field.tsx';

interface ColumnChooserProps {
  readonly columns: readonly { readonly id: string; readonly title: string }[];
  readonly visible: readonly string[];
  readonly usual: readonly string[];
  readonly onChange: (visible: readonly string[]) => void;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Which columns a table shows; one at least. */
export function ColumnChooser({ columns, visible, usual, onChange, open, onClose }: ColumnChooserProps) {
  const [search, setSearch] = useState('');
  const found = columns.filter(({ title }) => title.toLowerCase().includes(search.toLowerCase()));
  const set = (ids: readonly string[]) => onChange(columns.map(({ id }) => id).filter((id) => ids.includes(id)));
  return (
    <Dialog title="Columns" open={open} onClose={onClose}>
      <Input label="Find a column" type="search" value={search} onInput={setSearch} />
      <div class="row">
        <Button onClick={() => set(columns.map(({ id }) => id))}>All</Button>
        <Button onClick={() => set(usual)}>As at first</Button>
        <span class="hint">
          {visible.length} of {columns.length} shown
        </span>
      </div>
      <div class="column-list">
        {found.map(({ id, title }) => {
          const shown = visible.includes(id);
          return (
            <label key={id}>
              <input
                type="checkbox"
                checked={shown}
                disabled={shown && visible.length === 1}
                onChange={() => set(shown ? visible.filter((other) => other !== id) : [...visible, id])}
              />
              {title}
            </label>
          );
        })}
      </div>
    </Dialog>
  );
}
