import { streamName, streams } from '../plant.ts';
import { path } from '../router.ts';
import { EmptyState } from './states.tsx';

/** So many are named. */
const most = 20;

/** The address asks for a stream that is not there: says which there are. */
export function UnknownStream() {
  const known = streams.value ?? [];
  return (
    <EmptyState title={`There is no stream “${streamName.value}”`}>
      <p>
        There {known.length === 1 ? 'is' : 'are'}{' '}
        {known.slice(0, most).map(({ stream }, index) => (
          <span key={stream}>
            {index === 0 ? '' : ', '}
            <a href={`${path.value}?stream=${encodeURIComponent(stream)}`}>{stream}</a>
          </span>
        ))}
        {known.length > most ? ` and ${known.length - most} more` : ''}.
      </p>
    </EmptyState>
  );
}
