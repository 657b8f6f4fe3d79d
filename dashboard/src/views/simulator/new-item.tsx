import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Input } from '../../components/field.tsx';
import { formatCount } from '../../numbers.ts';
import { type Item, type Limits, startItem } from './items.ts';
import { freeId, idError, readSettings, settingsText } from './settings.ts';
import { SettingsFields } from './settings-fields.tsx';
import { useCommand } from './use-command.tsx';

interface NewItemProps {
  readonly items: readonly Item[];
  readonly limits: Limits;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onStarted: (item: Item) => void;
}

/** Starts another item. */
export function NewItem(props: NewItemProps) {
  return (
    <Dialog title="New item" open={props.open} onClose={props.onClose}>
      <NewItemForm {...props} />
    </Dialog>
  );
}

function NewItemForm({ items, limits, onStarted }: NewItemProps) {
  const [taken] = useState(() => items.map((item) => item.id));
  const [id, setId] = useState(freeId(taken));
  const [text, setText] = useState(settingsText({ mean: 10, variance: 1, rate: Math.min(10, limits.rate.max) }));
  const [asked, setAsked] = useState(false);
  const wrongId = idError(id, taken);
  const read = readSettings(text, limits);

  const { onSubmit, sending, refusal } = useCommand(async () => {
    setAsked(true);
    if (wrongId === undefined && 'settings' in read) onStarted(await startItem(id, read.settings));
  });
  return (
    <form class="stack" onSubmit={onSubmit}>
      <Input label="Name" value={id} onInput={setId} error={asked ? wrongId : undefined} hint="Also the name of its stream." autocomplete="off" />
      <SettingsFields text={text} errors={asked && 'errors' in read ? read.errors : {}} limits={limits} onChange={setText} />
      {refusal}
      <div class="row">
        <Button kind="primary" type="submit" icon="play" disabled={sending}>
          Start
        </Button>
        <span class="hint">
          {formatCount(items.length)} of at most {formatCount(limits.items)} run
        </span>
      </div>
    </form>
  );
}
