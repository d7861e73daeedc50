package dev.quanyu;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A list, of which a page is asked for when the one before has been used. It may be gone over again, from its beginning.
 *
 * @param <T> pages, or items
 */
public final class Paged<T> implements Iterable<T> {
    private final Supplier<Iterator<T>> iterators;

    Paged(Supplier<Iterator<T>> iterators) {
        this.iterators = iterators;
    }

    @Override
    public Iterator<T> iterator() {
        return iterators.get();
    }

    /** The same as a stream of Java. */
    public Stream<T> stream() {
        return StreamSupport.stream(spliterator(), false);
    }

    <I> Paged<I> flatten(Function<T, List<I>> items) {
        return new Paged<>(() -> new Flat<>(iterator(), items));
    }

    private static final class Flat<T, I> implements Iterator<I> {
        private final Iterator<T> pages;
        private final Function<T, List<I>> items;
        private Iterator<I> page = List.<I>of().iterator();

        Flat(Iterator<T> pages, Function<T, List<I>> items) {
            this.pages = pages;
            this.items = items;
        }

        @Override
        public boolean hasNext() {
            while (!page.hasNext() && pages.hasNext()) {
                page = items.apply(pages.next()).iterator();
            }
            return page.hasNext();
        }

        @Override
        public I next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return page.next();
        }
    }
}
