const MARK = /\b(TODO|FIXME|XXX|HACK)\b(?!\s*\(?#\d+)/;

/** A promise in a comment is kept only when it can be found: it names its issue, as in "TODO #12: …". */
export const todoNamesIssue = {
  meta: {
    type: 'problem',
    docs: { description: 'A TODO names its issue.' },
    messages: { nameless: '{{mark}} without an issue number; write "{{mark}} #12: …" or do it now.' },
    schema: [],
  },
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          const match = MARK.exec(comment.value);
          if (match) context.report({ loc: comment.loc, messageId: 'nameless', data: { mark: match[1] } });
        }
      },
    };
  },
};
