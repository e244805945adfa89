import { ESLintUtils } from '@typescript-eslint/utils';
import ts from 'typescript';

const ARITHMETIC = new Set(['*', '/', '**', '*=', '/=', '**=']);

/** Whether some value of the type is a `number`, so that arithmetic on it is binary floating point. */
function canBeNumber(type) {
  if (type.isUnionOrIntersection()) return type.types.some(canBeNumber);
  return (type.flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.Any)) !== 0;
}

function isNumberConversion(callee) {
  if (callee.type === 'Identifier') return callee.name === 'Number' || callee.name === 'parseFloat';
  return (
    callee.type === 'MemberExpression' &&
    callee.object.type === 'Identifier' &&
    callee.object.name === 'Number' &&
    callee.property.type === 'Identifier' &&
    callee.property.name === 'parseFloat'
  );
}

/**
 * Amounts are bigint. Where amounts are computed or read from a wire, a `number` must not be made out of text, nor
 * be multiplied, divided or raised: that is where binary floats lose digits. bigint arithmetic passes, by its type.
 */
export const noFloatAmounts = {
  meta: {
    type: 'problem',
    docs: { description: 'Keep binary floating point away from amounts.' },
    messages: {
      arithmetic:
        "'{{operator}}' on a number is binary floating point; amounts are bigint at a declared scale.",
      conversion: 'Reading a number out of text loses digits; use parseQuantity.',
    },
    schema: [],
  },
  create(context) {
    const services = ESLintUtils.getParserServices(context);
    const check = (node) => {
      if (!ARITHMETIC.has(node.operator)) return;
      const operands = [node.left, node.right].map((operand) => services.getTypeAtLocation(operand));
      if (!operands.some(canBeNumber)) return;
      context.report({ node, messageId: 'arithmetic', data: { operator: node.operator } });
    };
    return {
      BinaryExpression: check,
      AssignmentExpression: check,
      CallExpression(node) {
        if (isNumberConversion(node.callee)) context.report({ node, messageId: 'conversion' });
      },
      'UnaryExpression[operator="+"]'(node) {
        const type = services.getTypeAtLocation(node.argument);
        if (!canBeNumber(type)) context.report({ node, messageId: 'conversion' });
      },
    };
  },
};
