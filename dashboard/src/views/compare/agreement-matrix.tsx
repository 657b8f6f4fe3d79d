import type { Agreement } from '../../../../serve/api.ts';
import { Card } from '../../components/card.tsx';

/** How much of what either flags both flag, for every two detectors: 1 the same rows, 0 none in common. */
export function AgreementMatrix({ agreement: { detectors, jaccard, flagged } }: { agreement: Agreement }) {
  return (
    <Card title="Agreement" hint="Of the rows that either of two flags, the share that both do (Jaccard): 1 the same rows, 0 none in common.">
      <section
        class="heat-scroll"
        aria-label="Agreement of every two detectors"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keys
        tabIndex={0}
      >
        <table class="heat">
          <thead>
            <tr>
              <td />
              {detectors.map((name) => (
                <th key={name} scope="col">
                  <span>{name}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {detectors.map((name, row) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {detectors.map((other, column) => {
                  const value = jaccard[row]?.[column] ?? null;
                  const own = row === column;
                  return (
                    <td
                      key={other}
                      class={own ? 'heat-own' : undefined}
                      style={own || value === null ? {} : { '--heat': value.toFixed(3) }}
                      title={
                        own
                          ? `${name} flags ${flagged[row]?.toLocaleString('en')} rows`
                          : `${name} and ${other}: ${value === null ? 'neither flags a row' : value.toFixed(3)}`
                      }
                    >
                      {own ? '' : value === null ? '–' : value.toFixed(2)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  );
}
