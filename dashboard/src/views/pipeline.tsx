import './pipeline.css';
import { useMemo } from 'preact/hooks';
import { ButtonLink } from '../components/button.tsx';
import { Card } from '../components/card.tsx';
import { CodeBlock } from '../components/code-block.tsx';
import { PageHead } from '../components/page-head.tsx';
import { Skeleton } from '../components/states.tsx';
import { Time } from '../components/time.tsx';
import { status } from '../live-feed.ts';
import { pipeline } from '../plant.ts';
import { useParam } from '../router.ts';
import { flowKey, Graph } from './pipeline/graph.tsx';
import { Health } from './pipeline/health.tsx';
import { layoutGraph } from './pipeline/layout.ts';
import { Parts } from './pipeline/parts.tsx';
import { settingsText } from './pipeline/settings-text.ts';

/** What runs: the way of the rows with how many pass, how it is configured, and how the machine bears it. */
export default function Pipeline() {
  const info = pipeline.value;
  const now = status.value;
  const [chosen, choose] = useParam('part', '');
  const layout = useMemo(() => layoutGraph(info?.nodes.map(({ id }) => id) ?? [], info?.edges ?? []), [info]);
  if (info === null) return <Skeleton height={360} />;
  const flows = new Map((now?.edges ?? []).map((flow) => [flowKey(flow.from, flow.to), flow]));
  return (
    <>
      <PageHead
        title="Pipeline"
        hint={
          <>
            {info.file} · running since <Time at={info.startedAt} />
            {info.clock === 'shifted' ? ' · a recording, moved to end now' : ''}
          </>
        }
        actions={
          <ButtonLink href="/metrics" icon="docs">
            Metrics for Prometheus
          </ButtonLink>
        }
      />
      <Card title="The way of the rows" hint="Rows a second stand on the lines. Choose a part to see only its lines.">
        <Graph nodes={info.nodes} layout={layout} flows={flows} chosen={chosen} onChoose={(id) => choose(id === chosen ? '' : id)} />
        <details class="parts-box" open={chosen !== ''}>
          <summary>The same as a list, with settings</summary>
          <Parts info={info} flows={flows} chosen={chosen} onChoose={choose} />
        </details>
      </Card>
      {now === null ? <Skeleton height={160} /> : <Health status={now} />}
      <Card title="Configuration" hint="As it was understood, defaults included. Secrets are hidden.">
        <CodeBlock label="Settings as text">{settingsText(info.settings)}</CodeBlock>
      </Card>
    </>
  );
}
