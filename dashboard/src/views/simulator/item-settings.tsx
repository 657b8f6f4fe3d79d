import { useEffect, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { toast } from '../../components/toast.tsx';
import { type Item, type Limits, updateItem } from './items.ts';
import { readSettings, settingsText } from './settings.ts';
import { SettingsFields } from './settings-fields.tsx';
import { useCommand } from './use-command.tsx';

/** Changes an item from its next message on. */
export function ItemSettings({ item, limits, onChanged }: { item: Item; limits: Limits; onChanged: () => void }) {
  const [text, setText] = useState(settingsText(item));
  const { id, mean, variance, rate } = item;
  // Somebody else may change it too.
  useEffect(() => setText(settingsText({ mean, variance, rate })), [mean, variance, rate]);
  const read = readSettings(text, limits);
  const changed = !('settings' in read) || read.settings.mean !== mean || read.settings.variance !== variance || read.settings.rate !== rate;

  const { onSubmit, sending, refusal } = useCommand(async () => {
    if (!('settings' in read) || !changed) return;
    await updateItem(id, read.settings);
    toast(`${id} is changed from its next message on`);
    onChanged();
  });
  return (
    <form class="stack" onSubmit={onSubmit}>
      <SettingsFields text={text} errors={'errors' in read ? read.errors : {}} limits={limits} onChange={setText} />
      {refusal}
      <div class="row">
        <Button kind="primary" type="submit" disabled={!changed || 'errors' in read || sending}>
          Update
        </Button>
        <Button kind="quiet" disabled={!changed} onClick={() => setText(settingsText(item))}>
          Discard
        </Button>
      </div>
    </form>
  );
}
