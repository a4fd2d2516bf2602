// Holds an error of the page that is drawn: the rest, alarms above all, goes on and says so.
import { Component, type ReactNode } from 'react';
import { useT } from '../i18n/i18n';
import { Icon } from './icons';

interface Props {
  /** Another one is tried from the beginning. */
  page: string;
  /** Nothing is around it: alarms are gone with it. */
  whole?: boolean;
  children: ReactNode;
}

interface State {
  page: string;
  error: unknown;
}

export class Boundary extends Component<Props, State> {
  override state: State = { page: this.props.page, error: null };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error ?? 'unknown' };
  }

  static getDerivedStateFromProps({ page }: Props, state: State): Partial<State> | null {
    return page === state.page ? null : { page, error: null };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return <Crashed detail={String(error)} whole={this.props.whole === true} />;
  }
}

function Crashed({ detail, whole }: { detail: string; whole: boolean }) {
  const { t } = useT();
  return (
    <main className="page crashed" role="alert" data-testid="crashed">
      <h1>
        <Icon name="alarm" size={22} /> {t('crash.title')}
      </h1>
      <p>{t(whole ? 'crash.whole' : 'crash.text')}</p>
      <p className="quiet">{detail}</p>
      <button type="button" className="pri" onClick={() => location.reload()}>
        {t('crash.reload')}
      </button>
    </main>
  );
}
