import { useState } from 'preact/hooks';
import { apiUrl } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { Command } from '../../components/command.tsx';
import { toast } from '../../components/toast.tsx';
import { formatBytes } from '../../numbers.ts';
import { curlText, exampleRequest, type Known, type Operation, type Schema, schemaText } from './openapi.ts';

/** So much of an answer is shown, characters. */
const shown = 4_000;

interface OperationProps {
  readonly operation: Operation;
  readonly components: Readonly<Record<string, Schema>>;
  readonly known: Known;
}

/** One request of the interface: what it takes, what it answers, how to ask by curl, and for those that only read, a try. */
export function OperationPart({ operation, components, known }: OperationProps) {
  const { method, parameters, body, answers } = operation;
  const example = exampleRequest(operation, known);
  const command = curlText(window.location.origin, example);
  const endless = answers.some(({ media }) => media === 'text/event-stream');
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    toast('Copied');
  };
  return (
    <div class="stack operation-body">
      {parameters.length === 0 ? null : (
        <dl class="parameters">
          {parameters.map(({ name, in: where, required, description, schema }) => (
            <div key={`${where} ${name}`}>
              <dt>
                <code>{name}</code> <small>{where === 'path' ? 'in the path' : required === true ? 'needed' : 'may be left out'}</small>
              </dt>
              <dd>
                {description ?? schema?.description ?? ''} <small>{limits(schema ?? {}, components)}</small>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {body === undefined ? null : (
        <div>
          <h3>Body</h3>
          <CodeBlock label="Body">{schemaText(body, components)}</CodeBlock>
        </div>
      )}
      <div>
        <h3>Example</h3>
        <div class="row">
          <Command text={endless ? command.replace('curl', 'curl -N') : command} />
          {/* Elsewhere a page may not write to the clipboard. */}
          {window.isSecureContext ? (
            <Button icon="link" onClick={() => void copy().catch((error: Error) => toast(error.message, 'error'))}>
              Copy
            </Button>
          ) : null}
        </div>
      </div>
      {method === 'GET' && !endless && !/ID\b/.test(example.address) ? <Try address={example.address} /> : null}
      {answers.map(({ code, text, media, schema }) => (
        <details key={code}>
          <summary>
            Answers {code} {text === 'Default Response' ? '' : text} <small>{media}</small>
          </summary>
          {schema === undefined ? null : <CodeBlock label={`Answer ${code}`}>{schemaText(schema, components)}</CodeBlock>}
        </details>
      ))}
    </div>
  );
}

function limits({ default: usual, minimum, maximum, ...schema }: Schema, components: Readonly<Record<string, Schema>>): string {
  const range = minimum !== undefined && maximum !== undefined ? `, ${minimum} to ${maximum}` : '';
  return `${schemaText(schema, components)}${range}${usual === undefined ? '' : `, otherwise ${JSON.stringify(usual)}`}`;
}

function Try({ address }: { address: string }) {
  const [answer, setAnswer] = useState<string>();
  const ask = async () => {
    const begin = performance.now();
    const response = await fetch(address.replace(/^\/api/, apiUrl('')));
    const text = await response.text();
    const pretty = response.headers.get('content-type')?.includes('json') ? JSON.stringify(JSON.parse(text), undefined, 2) : text;
    const rest = pretty.length > shown ? `\n… ${formatBytes(text.length)} in all` : '';
    setAnswer(`${response.status} in ${Math.round(performance.now() - begin)} ms\n\n${pretty.slice(0, shown)}${rest}`);
  };
  return (
    <div class="stack">
      <div>
        <Button icon="play" onClick={() => void ask().catch((error: Error) => setAnswer(error.message))}>
          Try it
        </Button>
      </div>
      {answer === undefined ? null : <CodeBlock label="Answer">{answer}</CodeBlock>}
    </div>
  );
}
