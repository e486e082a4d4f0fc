// Generated from src/peft/read-adapter.ts by `npm run api`. Do not edit.

/** The forms of an adapter on disk. */
export type AdapterFormat = 'peft' | 'mlx' | 'loralib' | 'gguf'
