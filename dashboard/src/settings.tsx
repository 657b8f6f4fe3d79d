import { getSession, signInNeeded, signOut } from './api.ts';
import { Button } from './components/button.tsx';
import { Select } from './components/field.tsx';
import { Icon } from './components/icon.tsx';
import { Segments } from './components/segments.tsx';
import { toast } from './components/toast.tsx';
import { pipeline } from './plant.ts';
import { useResource } from './resource.ts';
import { theme } from './theme.ts';
import { plantZone, type ZoneChoice, zoneChoice } from './time.ts';

const placeName = (zone: string) => zone.replaceAll('_', ' ');

/** Choices of this browser: whose clock, light or dark. */
export function Settings() {
  const browser = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div class="settings">
      <Select
        label="Clock"
        value={zoneChoice.value === 'plant' && plantZone.value === null ? 'utc' : zoneChoice.value}
        onChange={(value) => {
          zoneChoice.value = value as ZoneChoice;
        }}
        options={[
          ...(plantZone.value === null ? [] : [{ value: 'plant', label: `Plant · ${placeName(plantZone.value)}` }]),
          { value: 'utc', label: 'UTC' },
          { value: 'browser', label: `Browser · ${placeName(browser)}` },
        ]}
      />
      <Segments
        label="Colours"
        value={theme.value}
        onChange={(value) => {
          theme.value = value;
        }}
        options={[
          { value: 'auto', label: 'Auto', title: 'As the system has it' },
          {
            value: 'light',
            label: (
              <>
                <Icon name="sun" size={15} /> Light
              </>
            ),
          },
          {
            value: 'dark',
            label: (
              <>
                <Icon name="moon" size={15} /> Dark
              </>
            ),
          },
        ]}
      />
      <SignOut />
      {pipeline.value === null ? null : <p class="hint">Sluice {pipeline.value.version}</p>}
    </div>
  );
}

/** Only where a token is asked for. */
function SignOut() {
  const session = useResource('session', getSession);
  if (session.data?.required !== true) return null;
  const forget = async () => {
    await signOut();
    signInNeeded.value = true;
  };
  return <Button onClick={() => void forget().catch((error: Error) => toast(error.message, 'error'))}>Sign out</Button>;
}
