/** A template that Jinja2 would not compile, or that does what is not computed here. */
export class TemplateSyntaxError extends Error {}

/** What Jinja2 or Python raises while a template runs. */
export class TemplateRuntimeError extends Error {}

/** A use of something undefined, which Jinja2 calls UndefinedError. */
export class UndefinedError extends TemplateRuntimeError {}

/** What `raise_exception` throws: the template's own words about a conversation that it does not take. */
export class TemplateRefusal extends Error {}

export function fail(message: string): never {
  throw new TemplateRuntimeError(message);
}
