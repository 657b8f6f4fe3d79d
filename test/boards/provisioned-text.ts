export type Environment = Readonly<Record<string, string | undefined>>;

/** What Grafana does to every text of a provisioning file: $NAME and ${NAME} are variables of the environment, $$ is a dollar. */
export function expandEnvironment<T>(value: T, environment: Environment): T;
export function expandEnvironment(value: unknown, environment: Environment): unknown {
  if (typeof value === 'string') {
    const parts = value
      .split('$$')
      .map((part) => part.replace(/\$(?:\{([^}]*)\}|(\w+))/g, (_, braced?: string, plain?: string) => environment[braced ?? plain ?? ''] ?? ''));
    return parts.join('$');
  }
  if (Array.isArray(value)) return value.map((one) => expandEnvironment<unknown>(one, environment));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, expandEnvironment<unknown>(one, environment)]));
  return value;
}
