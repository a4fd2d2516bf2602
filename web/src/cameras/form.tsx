// Adds or changes a camera, with a look at its picture before anything is saved.
import { type FormEvent, useState } from 'react';
import { api } from '../api/client';
import type { Camera, CameraInput, TestPicture } from '../api/types';
import { useT } from '../i18n/i18n';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { Icon } from '../ui/icons';
import { isStale, StaleNote } from '../versions/stale';
import { cameras } from './cameras';

export function CameraForm({ camera, onClose }: { camera: Camera | null; onClose: () => void }) {
  const { t } = useT();
  const [name, setName] = useState(camera?.name ?? '');
  const [source, setSource] = useState(camera?.source ?? '');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [repeat, setRepeat] = useState(camera?.repeat ?? true);
  const [enabled, setEnabled] = useState(camera?.enabled ?? true);
  const [picture, setPicture] = useState<TestPicture | null>(null);
  const [busy, setBusy] = useState<'test' | 'save' | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [version, setVersion] = useState(camera?.version ?? 0);
  const [stale, setStale] = useState(false);
  const network = /^[a-z]+:\/\//i.test(source) && !source.startsWith('file:');

  /** Empty fields are left out, so that a stored password is kept. */
  const login = () => ({ ...(username && { username }), ...(password && { password }) });

  const test = async () => {
    if (!source.trim()) return setError(t('camera.nosource'));
    setBusy('test');
    setError(null);
    setPicture(null);
    try {
      setPicture(await api.testCamera({ source: source.trim(), ...login() }));
    } catch (problem) {
      setError(errorText(problem, t));
    } finally {
      setBusy(null);
    }
  };

  const save = async (basedOn: number) => {
    if (!name.trim()) return setError(t('camera.noname'));
    if (!source.trim()) return setError(t('camera.nosource'));
    setBusy('save');
    setError(null);
    setStale(false);
    const input: CameraInput = { name: name.trim(), source: source.trim(), ...login(), enabled };
    if (!network) input.repeat = repeat;
    try {
      const saved = camera
        ? await api.changeCamera(camera.id, input, basedOn)
        : await api.addCamera(input);
      cameras.put(saved);
      onClose();
    } catch (problem) {
      failed(problem);
    }
  };
  /** The form stays as it is, whatever goes wrong. */
  const failed = (problem: unknown) => {
    if (isStale(problem)) setStale(true);
    else setError(errorText(problem, t));
    setBusy(null);
  };
  const newest = () => api.camera(camera?.id ?? '').catch((problem) => failed(problem));
  const load = async () => {
    const now = await newest();
    if (!now) return;
    cameras.put(now);
    setName(now.name);
    setSource(now.source);
    setRepeat(now.repeat);
    setEnabled(now.enabled);
    setUsername('');
    setPassword('');
    setVersion(now.version);
    setStale(false);
  };
  const saveMine = async () => {
    const now = await newest();
    if (now) await save(now.version);
  };

  return (
    <Dialog title={t(camera ? 'camera.edit' : 'camera.add')} onClose={onClose} wide>
      <form
        className="camera-form"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void save(version);
        }}
        noValidate
      >
        <div className="form">
          <label>
            {t('camera.name')}
            <input
              data-testid="camera-name"
              value={name}
              maxLength={80}
              placeholder={t('camera.name.hint')}
              onChange={(event) => setName(event.target.value)}
            />
          </label>
          <label>
            {t('camera.source')}
            <input
              data-testid="camera-source"
              value={source}
              spellCheck={false}
              autoCapitalize="none"
              placeholder={t('camera.source.hint')}
              onChange={(event) => {
                setSource(event.target.value);
                setPicture(null);
              }}
            />
            <small>{t('camera.source.note')}</small>
          </label>
          <div className="two">
            <label>
              {t('camera.username')}
              <input
                data-testid="camera-username"
                value={username}
                autoComplete="off"
                onChange={(event) => setUsername(event.target.value)}
              />
            </label>
            <label>
              {t('camera.password')}
              <input
                data-testid="camera-password"
                type="password"
                value={password}
                autoComplete="new-password"
                placeholder={camera ? t('camera.password.keep') : ''}
                onChange={(event) => setPassword(event.target.value)}
              />
            </label>
          </div>
          {!network && source && (
            <label className="check">
              <input
                type="checkbox"
                checked={repeat}
                onChange={(event) => setRepeat(event.target.checked)}
              />
              {t('camera.repeat')}
            </label>
          )}
          <label className="check">
            <input
              type="checkbox"
              checked={enabled}
              onChange={(event) => setEnabled(event.target.checked)}
            />
            {t('camera.enabled')}
          </label>
          {error && <ErrorNote text={error} />}
          {stale && camera && (
            <StaleNote
              camera={camera.id}
              basedOn={version}
              onLoad={() => void load()}
              onMine={() => void saveMine()}
            />
          )}
        </div>
        <div className="camera-test">
          <div className="test-frame">
            {picture ? (
              <img
                data-testid="camera-test-picture"
                src={picture.picture}
                alt={t('camera.test.ok', { w: picture.width, h: picture.height })}
              />
            ) : (
              <p className="quiet">
                <Icon name="camera" size={34} />
                {t(busy === 'test' ? 'camera.testing' : 'camera.test.hint')}
              </p>
            )}
          </div>
          <div className="row">
            <button
              type="button"
              data-testid="camera-test"
              disabled={busy !== null}
              onClick={() => void test()}
            >
              {t(busy === 'test' ? 'camera.testing' : 'camera.test')}
            </button>
            {picture && (
              <span className="good">
                ✓ {t('camera.test.ok', { w: picture.width, h: picture.height })}
              </span>
            )}
          </div>
        </div>
        <div className="row end form-end">
          <button type="button" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button type="submit" className="pri" data-testid="camera-save" disabled={busy !== null}>
            {t(busy === 'save' ? 'common.saving' : 'common.save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
