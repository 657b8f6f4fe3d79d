import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { type Tag, type TagGroup, tagGroups } from './tag-groups.ts';

interface TagPickerProps {
  readonly tags: readonly Tag[];
  readonly selected: readonly string[];
  readonly onChange: (selected: readonly string[]) => void;
  readonly label?: string;
  /** So many can be chosen; with 1 the next choice takes the place of the last. */
  readonly max?: number;
  /** Whether those chosen stand under the field, to be taken out one by one. */
  readonly chips?: boolean;
}

/**
 * Tags by stage, found by typing. Keys: up and down move, Enter chooses, Esc closes, Backspace in the empty field takes the last
 * one out. The key / of the page comes here.
 */
export function TagPicker({ tags, selected, onChange, label = 'Tags', max = Number.POSITIVE_INFINITY, chips = true }: TagPickerProps) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const groups = open ? tagGroups(tags, search) : [];
  const shown = groups.flatMap((group) => group.tags);
  const current = Math.min(active, shown.length - 1);

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!box.current!.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);
  useEffect(() => {
    if (open) document.getElementById(`${id}-${current}`)?.scrollIntoView({ block: 'nearest' });
  }, [open, current, id]);

  const toggle = (name: string) => {
    if (selected.includes(name)) onChange(selected.filter((other) => other !== name));
    else if (max === 1) onChange([name]);
    else if (selected.length < max) onChange([...selected, name]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      if (open) setActive(Math.max(0, Math.min(shown.length - 1, current + step)));
      setOpen(true);
    } else if (event.key === 'Enter') {
      const tag = shown[current];
      if (!open) setOpen(true);
      else if (tag !== undefined) toggle(tag.name);
    } else if (event.key === 'Escape' && open) {
      setOpen(false);
    } else if (event.key === 'Backspace' && search === '' && selected.length > 0) {
      onChange(selected.slice(0, -1));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const count = Number.isFinite(max) ? `${selected.length} of at most ${max}` : `${selected.length} of ${tags.length}`;
  return (
    <div class="picker" ref={box}>
      <div class="picker-field field">
        <label for={id}>
          {label} <span class="figure">· {count}</span>
        </label>
        <input
          id={id}
          type="text"
          role="combobox"
          data-filter=""
          placeholder={selected.length === 0 ? 'Type a tag, or click to see all' : 'Add or find a tag'}
          value={search}
          autocomplete="off"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={open && current >= 0 ? `${id}-${current}` : undefined}
          onFocus={() => setOpen(true)}
          onClick={() => setOpen(true)}
          onInput={(event) => {
            setSearch(event.currentTarget.value);
            setActive(0);
            setOpen(true);
          }}
          onKeyDown={onKeyDown}
        />
        <div id={`${id}-list`} class="picker-list" role="listbox" tabIndex={-1} aria-label={label} aria-multiselectable={max > 1} hidden={!open}>
          <Groups id={id} groups={groups} selected={selected} current={current} full={max > 1 && selected.length >= max} onToggle={toggle} />
          {open && shown.length === 0 ? <p class="state">No tag has “{search}” in its name, unit or description.</p> : null}
        </div>
      </div>
      {chips && selected.length > 0 ? (
        <ul class="chips" aria-label={`${label} chosen`}>
          {selected.map((name) => (
            <li key={name} class="chip">
              {name}
              <button type="button" aria-label={`Take ${name} out`} onClick={() => toggle(name)}>
                <Icon name="close" size={12} />
              </button>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

interface GroupsProps {
  readonly id: string;
  readonly groups: readonly TagGroup[];
  readonly selected: readonly string[];
  readonly current: number;
  readonly full: boolean;
  readonly onToggle: (name: string) => void;
}

function Groups({ id, groups, selected, current, full, onToggle }: GroupsProps) {
  let index = -1;
  return (
    <>
      {groups.map(({ stage, tags }) => (
        // biome-ignore lint/a11y/useSemanticElements: groups inside a listbox are divs
        <div key={stage} role="group" aria-label={stage ?? 'Other tags'}>
          <div class="picker-group-head" aria-hidden="true">
            {stage ?? 'Other tags'}
            <span class="figure">
              {tags.filter(({ name }) => selected.includes(name)).length} of {tags.length}
            </span>
          </div>
          {tags.map(({ name, description, unit }) => {
            index++;
            const chosen = selected.includes(name);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: keys are taken by the field, which keeps the focus
              <div
                key={name}
                id={`${id}-${index}`}
                class="picker-option"
                role="option"
                tabIndex={-1}
                aria-selected={chosen}
                aria-disabled={full && !chosen ? true : undefined}
                data-active={index === current ? '' : undefined}
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => onToggle(name)}
              >
                <span class="picker-box">{chosen ? <Icon name="check" size={14} /> : null}</span>
                <span>{name}</span>
                <small>{description}</small>
                <small>{unit}</small>
              </div>
            );
          })}
        </div>
      ))}
    </>
  );
}
