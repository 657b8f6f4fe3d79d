import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { toast } from '../../components/toast.tsx';
import { asApiError } from '../../resource.ts';
import { type Item, type Limits, updateItem } from './items.ts';
import { readSettings, settingsText } from './settings.ts';
import { SettingsFields } from './settings-fields.tsx';

/** Changes an item from its next message on. */
export function ItemSettings({ item, limits, onChanged }: { item: Item; limits: Limits; onChanged: () => void }) {
  const [text, setText] = useState(settingsText(item));
  const [error, setError] = useState<ApiError | undefined>();
  const [sending, setSending] = useState(false);
  const { id, mean, variance, rate } = item;
  // Another item was chosen, or somebody else changed this one.
  useEffect(() => {
    setText(settingsText({ mean, variance, rate }));
    setError(undefined);
  }, [id, mean, variance, rate]);
  const read = readSettings(text, limits);
  const changed = !('settings' in read) || read.settings.mean !== mean || read.settings.variance !== variance || read.settings.rate !== rate;

  const update = async () => {
    if (!('settings' in read) || !changed || sending) return;
    setSending(true);
    try {
      await updateItem(id, read.settings);
      setError(undefined);
      toast(`${id} is changed from its next message on`);
      onChanged();
    } catch (failure) {
      setError(asApiError(failure));
    }
    setSending(false);
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void update();
      }}
    >
      <SettingsFields text={text} errors={'errors' in read ? read.errors : {}} limits={limits} onChange={setText} />
      {error === undefined ? null : (
        <p role="alert">
          <StatusMark status="error" label={`${error.message}. ${error.fix ?? ''}`} />
        </p>
      )}
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
