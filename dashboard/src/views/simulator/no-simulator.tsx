import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Command } from '../../components/command.tsx';
import { EmptyState, Loaded, Skeleton } from '../../components/states.tsx';
import { useResource } from '../../resource.ts';
import { getSimulator } from './items.ts';

/** A simulator of its own needs Kafka between it and the pipeline. */
const service = './sluice simulate service';

/** What to do where no items can be commanded. */
export function NoSimulator() {
  const simulator = useResource('simulator', (abort) => getSimulator(abort));
  return (
    <div class="card">
      <Loaded resource={simulator} skeleton={<Skeleton height={260} />}>
        {(found) => (
          <EmptyState title="No simulator runs in this process" icon="simulator">
            <p>
              {found.available ? 'It has just been started: reload the page.' : found.why} Signals that you can change and disturb while they are being judged
              come with one of these:
            </p>
            <dl class="commands">
              {found.available ? null : <Way title="Here, with nothing else to install" command={found.command} />}
              <Way title="As a service that publishes to Kafka" command={service} />
            </dl>
          </EmptyState>
        )}
      </Loaded>
    </div>
  );
}

function Way({ title, command }: { title: string; command: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>
        <Command text={command} />
        <Copy text={command} />
      </dd>
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
