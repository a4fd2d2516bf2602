// Starts the page.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { Boundary } from './ui/boundary';
import './ui/base.css';
import './ui/dialog.css';
import './ui/shell.css';
import './wall/wall.css';
import './events/events.css';
import './incidents/incidents.css';
import './zones/zones.css';
import './cameras/cameras.css';
import './versions/versions.css';
import './checklists/checklists.css';
import './regulations/regulations.css';
import './statistics/statistics.css';
import './audit/audit.css';
import './session/login.css';

// Canvas labels do not make a browser load a font by themselves.
void document.fonts.load('600 14px "Pretendard Variable"', '안전모 A').catch(() => undefined);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Boundary page="" whole>
        <App />
      </Boundary>
    </StrictMode>,
  );
}
