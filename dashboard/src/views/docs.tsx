import './docs.css';
import { useMemo } from 'preact/hooks';
import { request } from '../api.ts';
import { ButtonLink } from '../components/button.tsx';
import { Card } from '../components/card.tsx';
import { Input } from '../components/field.tsx';
import { PageHead } from '../components/page-head.tsx';
import { Loaded } from '../components/states.tsx';
import { Badge } from '../components/status-mark.tsx';
import { pipeline, stream, streamName } from '../plant.ts';
import { useResource } from '../resource.ts';
import { useParam } from '../router.ts';
import { type OpenApi, operationGroups } from './docs/openapi.ts';
import { OperationPart } from './docs/operation.tsx';

/** The HTTP interface, as the server itself describes it. */
export default function Docs() {
  const document = useResource('openapi', (signal) => request<OpenApi>('GET', '/openapi.json', { signal }));
  return (
    <>
      <PageHead
        title="HTTP interface"
        hint="Everything this page shows, other programs can ask for too. Times are ISO 8601; numbers that are not there are null."
        actions={
          <ButtonLink href="/api/openapi.json" icon="download" download="sluice-openapi.json">
            OpenAPI document
          </ButtonLink>
        }
      />
      <Loaded resource={document}>{(data) => <Operations document={data} />}</Loaded>
    </>
  );
}

/** Tags in an example. */
const fewTags = 2;

function Operations({ document }: { document: OpenApi }) {
  const [search, setSearch] = useParam('filter', '');
  const [open, setOpen] = useParam('open', '');
  const groups = useMemo(() => operationGroups(document), [document]);
  const tags = stream.value?.tags.map(({ name }) => name) ?? [];
  const known = {
    stream: streamName.value,
    tags: tags.slice(0, fewTags).join(','),
    tag: tags[0] ?? '',
    detector: pipeline.value?.lead ?? '',
    last: '5m',
  };
  const found = groups
    .map(({ name, operations }) => ({
      name,
      operations: operations.filter(({ id, summary }) => `${id} ${summary}`.toLowerCase().includes(search.toLowerCase())),
    }))
    .filter(({ operations }) => operations.length > 0);
  return (
    <>
      <Input label="Find a request" type="search" filter value={search} onInput={setSearch} placeholder="e.g. incidents" />
      {found.length === 0 ? <p class="hint">No request has “{search}” in its path or description.</p> : null}
      {found.map(({ name, operations }) => (
        <Card key={name} title={name.charAt(0).toUpperCase() + name.slice(1)}>
          <ul class="operations">
            {operations.map((operation) => (
              <li key={operation.id}>
                <details
                  open={open === operation.id}
                  onToggle={(event) => {
                    if (event.currentTarget.open) setOpen(operation.id);
                    else if (open === operation.id) setOpen('');
                  }}
                >
                  <summary>
                    <Badge>{operation.method}</Badge>
                    <code>{operation.path}</code>
                    <span>{operation.summary}</span>
                  </summary>
                  {open === operation.id ? <OperationPart operation={operation} components={document.components?.schemas ?? {}} known={known} /> : null}
                </details>
              </li>
            ))}
          </ul>
        </Card>
      ))}
    </>
  );
}
