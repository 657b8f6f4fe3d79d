interface Message {
  readonly method?: string;
  readonly params?: {
    readonly uri: string;
    readonly diagnostics: readonly { severity: number; message: string; range: { start: { line: number; character: number } } }[];
  };
}

/** Of the Language Server Protocol. */
const errorSeverity = 1;

/** Tells what is wrong with a Flux script without running it: syntax, names, types. The language server of InfluxData, as WASM. */
export interface FluxDiagnostics {
  /** Errors with their place; empty when there is none. */
  errorsOf(flux: string): Promise<string[]>;
}

let opened: Promise<FluxDiagnostics> | undefined;

/** The same for all who ask: a process can hold one. */
export function fluxDiagnostics(): Promise<FluxDiagnostics> {
  opened ??= open();
  return opened;
}

async function open(): Promise<FluxDiagnostics> {
  const { Lsp } = await import('@influxdata/flux-lsp-node');
  const server = new Lsp();
  const errors = new Map<string, string[]>();
  server.onMessage((text: string) => {
    const { method, params } = JSON.parse(text) as Message;
    if (method !== 'textDocument/publishDiagnostics' || !params) return;
    const found = params.diagnostics.filter(({ severity }) => severity === errorSeverity);
    errors.set(
      params.uri,
      found.map(({ message, range: { start } }) => `${message} (line ${start.line + 1}, column ${start.character + 1})`),
    );
  });
  let ended: unknown;
  server.run().then(
    () => (ended = new Error('it stopped')),
    (error: unknown) => (ended = error),
  );
  await withoutGreeting(() => server.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { capabilities: {} } })));
  let scripts = 0;
  return {
    async errorsOf(flux) {
      // Scripts of one folder are one package, whose names would clash.
      const uri = `file:///${++scripts}/query.flux`;
      const notify = (method: string, textDocument: object): Promise<unknown> =>
        server.send(JSON.stringify({ jsonrpc: '2.0', method, params: { textDocument } }));
      await notify('textDocument/didOpen', { uri, languageId: 'flux', version: 1, text: flux });
      const said = errors.get(uri);
      if (!said) throw new Error(`the Flux language server said nothing: ${String(ended ?? 'no answer')}`);
      await notify('textDocument/didClose', { uri });
      errors.delete(uri);
      return said;
    },
  };
}

/** It says on the console that it begins, where only our own output belongs. */
async function withoutGreeting(begin: () => Promise<unknown>): Promise<void> {
  const { info } = console;
  console.info = () => {};
  try {
    await begin();
  } finally {
    console.info = info;
  }
}
