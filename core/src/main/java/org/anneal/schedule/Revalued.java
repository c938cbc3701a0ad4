package org.anneal.schedule;

/** A schedule on its member's clock: its rate at a step follows from what the member gives there. It ends with its member. */
interface Revalued extends Retimed {

    @Override
    default long local(long step) {
        return step;
    }

    @Override
    default long lastStep() {
        return schedule().lastStep();
    }

    @Override
    default boolean isComposite() {
        return true;
    }
}
