module consumer {
    requires org.anneal.core;
}
