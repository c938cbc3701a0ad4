// Colours the programs whose language is known.
hljs.configure({cssSelector: 'pre code[class^=language-]'});
hljs.highlightAll();
