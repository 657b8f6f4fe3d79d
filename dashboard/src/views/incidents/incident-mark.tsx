import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiIncident } from '../../../../serve/api.ts';
import { Button } from '../../components/button.tsx';
import { Field } from '../../components/field.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { toast } from '../../components/toast.tsx';
import { useShortcut } from '../../keyboard.ts';
import { forgetFailure, markOf, setMark } from './marks.ts';

const noteLimit = 1_000;

/** Whether an incident was a true alarm or a false one, and a note. Shown at once; what could not be kept is taken back and said. */
export function IncidentMark({ incident }: { incident: ApiIncident }) {
  const { mark, saving, error } = markOf(incident);
  const kept = mark?.note ?? '';
  const [note, setNote] = useState(kept);
  const field = useRef<HTMLTextAreaElement>(null);
  // Another incident, or a note that somebody else wrote.
  useEffect(() => setNote(kept), [incident.id, kept]);

  const save = async (alarm: 'true' | 'false') => {
    if (await setMark(incident.id, { alarm, note: note.trim() })) toast(alarm === 'true' ? 'Marked as a true alarm' : 'Marked as a false alarm');
  };
  const undo = async () => {
    if (mark !== null && (await setMark(incident.id, null))) toast('Mark taken back');
  };
  useShortcut('t', 'Mark as a true alarm', () => void save('true'));
  useShortcut('f', 'Mark as a false alarm', () => void save('false'));
  useShortcut('n', 'Write a note', () => field.current?.focus());
  useShortcut('u', 'Take the mark back', () => void undo());

  return (
    <div class="incident-mark" aria-busy={saving}>
      <div class="row">
        <Button pressed={mark?.alarm === 'true'} onClick={() => save('true')} label="Something was wrong with the plant (t)">
          True alarm{' '}
          <span class="key" aria-hidden="true">
            t
          </span>
        </Button>
        <Button pressed={mark?.alarm === 'false'} onClick={() => save('false')} label="The plant was as it should be (f)">
          False alarm{' '}
          <span class="key" aria-hidden="true">
            f
          </span>
        </Button>
        {mark === null ? null : (
          <Button kind="quiet" onClick={undo} label="Take the mark and its note back (u)">
            Undo
          </Button>
        )}
        <span class="hint" role="status">
          {saving ? 'Saving …' : mark === null ? 'Not marked yet' : mark.alarm === 'true' ? 'Marked as a true alarm' : 'Marked as a false alarm'}
        </span>
      </div>
      {error === undefined ? null : (
        <div class="incident-mark-error" role="alert">
          <StatusMark status="error" label={`The mark was not kept: ${error.message}.`} />
          {error.fix === undefined ? null : <span class="hint">{error.fix}</span>}
          <Button kind="quiet" icon="close" label="Close" onClick={() => forgetFailure(incident.id)} />
        </div>
      )}
      <Field label="Note" hint={mark === null ? 'Kept with the mark.' : undefined}>
        {({ id, describedBy }) => (
          <textarea
            id={id}
            ref={field}
            rows={2}
            maxLength={noteLimit}
            value={note}
            aria-describedby={describedBy}
            placeholder="What was found, who looked at it"
            onInput={(event) => setNote(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') event.currentTarget.blur();
              else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && mark !== null) void save(mark.alarm);
            }}
          />
        )}
      </Field>
      {mark !== null && note.trim() !== kept ? (
        <div class="row">
          <Button kind="primary" onClick={() => save(mark.alarm)}>
            Save the note
          </Button>
          <Button kind="quiet" onClick={() => setNote(kept)}>
            Discard
          </Button>
        </div>
      ) : null}
    </div>
  );
}
