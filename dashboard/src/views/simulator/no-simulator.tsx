import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Command } from '../../components/command.tsx';
import { EmptyState } from '../../components/states.tsx';

const ways = [
  { title: 'Here, with nothing else to install', command: './sluice run pipelines/playground.yaml' },
  { title: 'As a service that publishes to Kafka', command: './sluice simulate service' },
];

/** What to do where no items can be commanded. */
export function NoSimulator() {
  return (
    <div class="card">
      <EmptyState title="No simulator runs in this process" icon="simulator">
        <p>
          The pipeline on show reads from another source. Simulated signals, which you can change and disturb while they are being judged, come with one of
          these:
        </p>
        <dl class="commands">
          {ways.map(({ title, command }) => (
            <div key={command}>
              <dt>{title}</dt>
              <dd>
                <Command text={command} />
                <Copy text={command} />
              </dd>
            </div>
          ))}
        </dl>
      </EmptyState>
    </div>
  );
}

function Copy({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  // Only pages of this machine, or over TLS, may write to the clipboard; elsewhere the text can be marked by hand.
  if (navigator.clipboard === undefined) return null;
  return (
    <Button label={`Copy ${text}`} icon={copied ? 'check' : 'copy'} onClick={() => navigator.clipboard.writeText(text).then(() => setCopied(true))}>
      {copied ? 'Copied' : 'Copy'}
      <span class="visually-hidden"> {text}</span>
    </Button>
  );
}
