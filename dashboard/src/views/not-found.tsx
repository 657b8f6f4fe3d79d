import { EmptyState } from '../components/states.tsx';
import { hrefTo, path } from '../router.ts';

export function NotFound() {
  return (
    <>
      <h1>Not found</h1>
      <EmptyState title={`There is no view at ${path.value}`}>
        <a href={hrefTo('/')}>Go to the overview</a>
      </EmptyState>
    </>
  );
}
