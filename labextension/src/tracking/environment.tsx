import * as React from 'react';

import type { RunInfo } from '../api/schema';
import { useAsync } from '../ui/hooks';
import { ErrorState } from '../ui/feedback';
import { SearchBox } from '../ui/search';
import { useTrans } from '../ui/translation';
import { artifactText, artifactUrl, listArtifacts } from './api';
import { RESERVED } from './pagemodel';

const FOLDER = `${RESERVED}/environment`;
const FILE = `${FOLDER}/requirements.txt`;

/** The Python and the packages that a run was made with. */
export function Environment({ run }: { run: RunInfo }): React.ReactElement {
  const trans = useTrans();
  const [query, setQuery] = React.useState('');
  const packages = useAsync(
    // Asked for the folder first: a run that recorded nothing is not an error.
    async signal =>
      (await listArtifacts(run.id, FOLDER)).length === 0 ? '' : read(run.id, signal),
    [run.id, run.status],
  );
  if (packages.error) {
    return <ErrorState error={packages.error} retry={packages.reload} />;
  }
  const lines = (packages.value ?? '').split('\n').filter(Boolean);
  const shown = lines.filter(line => line.toLowerCase().includes(query.toLowerCase()));
  return (
    <div className="myd-environment">
      <div className="myd-toolbar">
        <b>{run.python ? `Python ${run.python}` : trans.__('Python version not recorded')}</b>
        <span className="myd-muted">{trans._n('%1 package', '%1 packages', lines.length)}</span>
        <span className="myd-spacer" />
        {lines.length > 0 && (
          <>
            <SearchBox value={query} onChange={setQuery} placeholder={trans.__('Find a package')} />
            <a className="myd-link" href={artifactUrl(run.id, FILE)} download="requirements.txt">
              {trans.__('Download requirements.txt')}
            </a>
          </>
        )}
      </div>
      {lines.length > 0 ? (
        <pre className="myd-preview-text" tabIndex={0}>
          {shown.join('\n') || trans.__('No such package.')}
        </pre>
      ) : (
        !packages.loading && <p className="myd-muted">{trans.__('No packages were recorded.')}</p>
      )}
    </div>
  );
}

function read(run: string, signal: AbortSignal): Promise<string> {
  return artifactText(run, FILE, signal);
}
