// Generated from src/peft/formats/read.ts by `npm run api`. Do not edit.

/** The forms of an adapter on disk. */
export type AdapterFormat = 'peft' | 'mlx' | 'loralib'
