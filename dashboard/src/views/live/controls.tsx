import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { DetectorChips } from '../../components/detector-chips.tsx';
import { Slider } from '../../components/field.tsx';
import type { Tag } from '../../components/tag-groups.ts';
import { TagPicker } from '../../components/tag-picker.tsx';
import { toast } from '../../components/toast.tsx';
import { formatDuration } from '../../time.ts';
import type { LiveModel } from './live-model.ts';

const minute = 60_000;
/** Rows that are loaded at once when older ones are asked for. */
const olderRows = 1000;
/** Tags at most: beyond these nothing can be told apart. */
const mostTags = 12;

interface ControlsProps {
  readonly model: LiveModel;
  readonly tags: readonly Tag[];
  readonly chosen: readonly string[];
  readonly onTags: (tags: readonly string[]) => void;
  readonly detectors: readonly string[];
  readonly judged: readonly string[];
  readonly onDetectors: (detectors: readonly string[]) => void;
}

/** What is shown, how much of it, and what is loaded from history. Folded away on small screens. */
export function Controls({ model, tags, chosen, onTags, detectors, judged, onDetectors }: ControlsProps) {
  const [open] = useState(() => window.matchMedia('(width >= 760px)').matches);
  const [messages, setMessages] = useState(1000);
  const minutes = Math.min(60, Math.max(1, Math.round(model.length.value / minute)));
  const busy = model.loading.value;
  const older = async () => {
    if (!(await model.showOlder(olderRows))) toast('There are no older rows: this is where the stream begins.', 'undefined');
  };
  return (
    <details class="card live-controls" open={open}>
      <summary>Tags, detectors, window and history</summary>
      <div class="live-controls-grid">
        <TagPicker tags={tags} selected={chosen} onChange={onTags} max={mostTags} />
        <DetectorChips detectors={detectors} selected={judged} onChange={onDetectors} />
        <Slider
          label="Window of event time"
          value={minutes}
          min={1}
          max={60}
          format={(value) => formatDuration(value * minute)}
          onInput={(value) => model.setLength(value * minute)}
        />
        <div class="live-history">
          <Slider
            label="Messages from history"
            value={messages}
            min={1000}
            max={10_000}
            step={1000}
            format={(value) => value.toLocaleString('en')}
            onInput={setMessages}
          />
          <div class="row">
            <Button disabled={busy} label={`Sets the view to the last ${messages.toLocaleString('en')} messages`} onClick={() => void model.showLast(messages)}>
              Show the last {messages.toLocaleString('en')}
            </Button>
            <Button disabled={busy} icon="up" label="Loads older rows into the view" onClick={() => void older()}>
              Load {olderRows.toLocaleString('en')} older
            </Button>
          </div>
        </div>
      </div>
    </details>
  );
}
