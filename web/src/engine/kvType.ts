// Number formats of the key-value cache: floats, or packed with so many bits for each number.
export const kvTypes = ['f32', 'f16', '8', '4', '3', '2'] as const;

export type KvType = (typeof kvTypes)[number];
