/** The last N of something, in order. Adding costs O(1) and allocates nothing once the ring is full. */
export class Ring<V> {
  private readonly slots: V[] = [];
  private next = 0;

  /** @param capacity 1 or more */
  constructor(readonly capacity: number) {}

  get size(): number {
    return this.slots.length;
  }

  push(value: V): void {
    this.slots[this.next] = value;
    this.next = (this.next + 1) % this.capacity;
  }

  /** @param index 0 is the oldest */
  at(index: number): V | undefined {
    if (index < 0 || index >= this.size) return undefined;
    return this.slots[this.size < this.capacity ? index : (this.next + index) % this.capacity];
  }

  get last(): V | undefined {
    return this.at(this.size - 1);
  }

  /** The oldest first. */
  list(): V[] {
    return this.size < this.capacity
      ? [...this.slots]
      : [...this.slots.slice(this.next), ...this.slots.slice(0, this.next)];
  }
}
