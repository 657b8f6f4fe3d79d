import type { ComponentChildren } from 'preact';
import type { ApiStatus } from '../../../../serve/api.ts';
import { Card } from '../../components/card.tsx';
import { Meter } from '../../components/meter.tsx';
import { type Status, StatusMark } from '../../components/status-mark.tsx';
import { formatBytes, formatCount, formatRate } from '../../numbers.ts';
import { formatDuration } from '../../time.ts';

/** A share of something that can run out: from so much on it is worth a look, from so much on it is serious. */
const fullness = (share: number): Status => (share >= 0.95 ? 'error' : share >= 0.85 ? 'warning' : 'ok');

/** Whether everything is up, what became of the rows, and what the process and its machine use. */
export function Health({ status: { services, rows, rowsPerSecond, lag, process, host, ready, reason } }: { status: ApiStatus }) {
  return (
    <div class="health">
      <Card title="Services">
        <ul class="stack-small">
          <li>
            <StatusMark status={ready ? 'ok' : 'warning'} label={ready ? 'Ready' : `Not ready: ${reason ?? 'no reason given'}`} />
          </li>
          {services.map(({ name, up }) => (
            <li key={name}>
              <StatusMark status={up ? 'ok' : 'error'} label={`${name}: ${up ? 'up' : 'down'}`} />
            </li>
          ))}
        </ul>
      </Card>
      <Card title="Rows">
        <dl class="health-facts">
          <Fact name="Read">{formatCount(rows.read)}</Fact>
          <Fact name="Stored">{formatCount(rows.stored)}</Fact>
          <Fact name="Doubled, left out">{formatCount(rows.duplicate)}</Fact>
          <Fact name="Late">{formatCount(rows.late)}</Fact>
          <Fact name="Dead letters">{formatCount(rows.dead)}</Fact>
          <Fact name="Rate">{formatRate(rowsPerSecond)} rows/s</Fact>
          <Fact name="Waiting">{lag.rows === null ? 'unknown' : `${formatCount(lag.rows)} rows`}</Fact>
        </dl>
      </Card>
      <Card title="This process">
        <Meter label="Processor" value={process.cpu} of={host.cores} text={`${process.cpu.toFixed(2)} of ${host.cores} cores`} />
        <Meter label="Memory" value={process.memory} of={host.memory.total} text={formatBytes(process.memory)} />
        <dl class="health-facts">
          <Fact name="Running for">{formatDuration(process.uptime * 1000)}</Fact>
        </dl>
      </Card>
      <Card title="This machine">
        <Meter label="Processor" value={host.cpu} text={`${Math.round(host.cpu * 100)} % of ${host.cores} cores`} status={fullness(host.cpu)} />
        <Meter
          label="Memory"
          value={host.memory.used}
          of={host.memory.total}
          text={`${formatBytes(host.memory.used)} of ${formatBytes(host.memory.total)}`}
          status={fullness(host.memory.used / host.memory.total)}
        />
        {host.disk === null ? (
          <p class="hint">The store lies on another machine.</p>
        ) : (
          <Meter
            label="Disk of the store"
            value={host.disk.used}
            of={host.disk.total}
            text={`${formatBytes(host.disk.used)} of ${formatBytes(host.disk.total)}`}
            status={fullness(host.disk.used / host.disk.total)}
          />
        )}
      </Card>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="figure">{children}</dd>
    </div>
  );
}
