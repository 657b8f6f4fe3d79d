import { Card } from '../../components/card.tsx';
import { Icon } from '../../components/icon.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { hrefTo } from '../../router.ts';
import type { StageState } from './stage-state.ts';

const words = { ok: 'OK', warning: 'Warning', error: 'Error', undefined: 'No verdict yet' } as const;
/** Tags named in a stage's box; the others are counted. */
const named = 3;

/** The stages of the plant in the order of the water, each with its state now. */
export function Stages({ stages, tagsOf }: { stages: readonly StageState[]; tagsOf: (stage: string | null) => readonly string[] }) {
  return (
    <Card title={stages.length === 1 && stages[0]?.stage === null ? 'Tags now' : 'Stages now'}>
      <ol class="stages">
        {stages.map(({ stage, status, tags, suspects }) => (
          <li key={stage}>
            <a
              class={`stage stage-${status}`}
              href={hrefTo('/live', { tags: (suspects.length > 0 ? suspects.map(({ tag }) => tag) : tagsOf(stage)).slice(0, 6).join(',') })}
            >
              <span class="stage-name">{stage ?? (stages.length === 1 ? 'All tags' : 'Other tags')}</span>
              <StatusMark status={status} label={words[status]} />
              <span class="stage-tags">
                {suspects.length === 0 ? (
                  <span class="hint">
                    {tags} {tags === 1 ? 'tag' : 'tags'}
                  </span>
                ) : (
                  suspects.slice(0, named).map(({ tag, above }) => (
                    <span key={tag}>
                      <Icon name={above ? 'up' : 'down'} size={12} />
                      {tag}
                      <span class="visually-hidden">{above ? ' above' : ' below'} what was expected</span>
                    </span>
                  ))
                )}
                {suspects.length > named ? <span class="hint">and {suspects.length - named} more</span> : null}
              </span>
            </a>
          </li>
        ))}
      </ol>
    </Card>
  );
}
