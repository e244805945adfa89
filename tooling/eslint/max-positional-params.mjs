/**
 * At most `max` parameters. A constructor whose parameters are injected is not called by position, so a parameter
 * that declares a member (`private readonly clock: Clock`) or carries a decorator does not count.
 */
export const maxPositionalParams = {
  meta: {
    type: 'suggestion',
    docs: { description: 'Keep calls readable: beyond a few parameters, name them in one object.' },
    messages: { tooMany: '{{count}} positional parameters (at most {{max}}); name them in one object.' },
    schema: [{ type: 'integer', minimum: 0 }],
  },
  create(context) {
    const [max] = context.options;
    const isInjected = (param) => param.type === 'TSParameterProperty' || (param.decorators ?? []).length > 0;
    const check = (node) => {
      const count = node.params.filter((param) => !isInjected(param)).length;
      if (count > max) context.report({ node, messageId: 'tooMany', data: { count, max } });
    };
    return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
  },
};
