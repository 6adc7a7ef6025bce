import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

const DOMAIN = 'modelyard';

const Context = React.createContext<TranslationBundle>(nullTranslator.load(DOMAIN));

/** The bundle of our texts. */
export function loadTexts(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}

/** Gives all components below it the user's language. */
export const TranslationProvider = Context.Provider;

/** The texts in the user's language: `trans.__('New instance')`. */
export function useTrans(): TranslationBundle {
  return React.useContext(Context);
}
