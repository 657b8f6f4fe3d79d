import { useState } from 'preact/hooks';
import { numberText } from '../../charts/number-text.ts';
import { Button } from '../../components/button.tsx';
import { Field, Input, Select } from '../../components/field.tsx';
import { Segments } from '../../components/segments.tsx';
import { formatCount } from '../../numbers.ts';
import { AnomalyPreview } from './anomaly-preview.tsx';
import { readDeltas } from './deltas.ts';
import { noteInjection } from './injections.ts';
import { type Item, injectAnomaly, type Limits } from './items.ts';
import { type Anomaly, type Shape, shapes } from './preview.ts';
import { useCommand } from './use-command.tsx';

/** Deltas of one list. */
const mostDeltas = 10_000;

/** Lays an anomaly over an item's next values: a shape, or deltas one by one. */
export function InjectForm({ item, limits, onInjected }: { item: Item; limits: Limits; onInjected: () => void }) {
  const [by, setBy] = useState<'shape' | 'deltas'>('shape');
  const [shape, setShape] = useState<Shape>('step');
  const [size, setSize] = useState('');
  const [length, setLength] = useState(String(Math.max(1, Math.round(item.rate * 3))));
  const [text, setText] = useState('5x10, -5x10');
  // A size that stands out of the noise of this item, until another is typed.
  const usualSize = Number((8 * Math.sqrt(item.variance) || 1).toPrecision(2));

  const read =
    by === 'deltas' ? readDeltas(text, Math.min(mostDeltas, limits.pending)) : readShape(shape, size === '' ? String(usualSize) : size, length, limits);
  const anomaly: Anomaly | undefined = 'deltas' in read ? { deltas: read.deltas } : 'shape' in read ? read : undefined;

  const { onSubmit, sending, refusal } = useCommand(async () => {
    if (anomaly === undefined) return;
    const at = performance.now();
    const { last, pending } = await injectAnomaly(item.id, anomaly);
    const what = 'deltas' in anomaly ? `${anomaly.deltas.length} deltas` : `${anomaly.shape} of ${numberText(anomaly.size)} over ${anomaly.length} values`;
    noteInjection({ item: item.id, what, at, from: last?.timestamp ?? item.startedAt, lasts: (pending / item.rate) * 1000 });
    onInjected();
  });
  return (
    <form class="stack" onSubmit={onSubmit}>
      <div>
        <Segments
          label="Anomaly by"
          value={by}
          options={[
            { value: 'shape', label: 'Shape' },
            { value: 'deltas', label: 'Deltas' },
          ]}
          onChange={setBy}
        />
      </div>
      {by === 'shape' ? (
        <div class="inject-fields">
          <Select
            label="Shape"
            value={shape}
            options={Object.keys(shapes).map((value) => ({ value, label: value }))}
            onChange={(value) => setShape(value as Shape)}
            hint={shapes[shape]}
          />
          <Input
            label="Size"
            value={size}
            placeholder={String(usualSize)}
            onInput={setSize}
            error={'size' in errorsOf(read) ? errorsOf(read).size : undefined}
            autocomplete="off"
          />
          <Input label="Length (values)" value={length} onInput={setLength} error={errorsOf(read).length} autocomplete="off" />
        </div>
      ) : (
        <Field
          label="Deltas"
          hint={'message' in read ? undefined : 'Added to the next values one by one; 5x10 stands for ten times 5.'}
          error={'message' in read ? read.message : undefined}
        >
          {({ id, describedBy }) => (
            <textarea
              id={id}
              rows={2}
              value={text}
              aria-describedby={describedBy}
              aria-invalid={'message' in read ? true : undefined}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {anomaly === undefined ? null : <AnomalyPreview anomaly={anomaly} settings={item} />}
      {refusal}
      <div class="row">
        <Button kind="primary" type="submit" disabled={anomaly === undefined || sending}>
          Inject
        </Button>
        <span class="hint">
          {item.pending > 0
            ? `Begins behind ${formatCount(item.pending)} ${item.pending === 1 ? 'value that waits' : 'values that wait'}.`
            : 'Begins with the next message.'}
        </span>
      </div>
    </form>
  );
}

type ReadShape = Extract<Anomaly, { shape: Shape }> | { errors: { size?: string; length?: string } };

function readShape(shape: Shape, size: string, length: string, { pending }: Limits): ReadShape {
  const errors: { size?: string; length?: string } = {};
  const [height, count] = [Number(size), Number(length)];
  if (size.trim() === '' || !Number.isFinite(height)) errors.size = 'A number is needed.';
  if (length.trim() === '' || !Number.isInteger(count) || count < 1 || count > pending) errors.length = `A whole number from 1 to ${formatCount(pending)}.`;
  return Object.keys(errors).length > 0 ? { errors } : { shape, size: height, length: count };
}

const errorsOf = (read: object): { size?: string; length?: string } => ('errors' in read ? (read.errors as { size?: string; length?: string }) : {});
