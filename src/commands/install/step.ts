/**
 * One step of an installation or its undo, and the text that describes it. `run` answers with what
 * happened, where that differs from the text.
 */
export type InstallStep = { readonly text: string; run(): Promise<string | undefined> };
