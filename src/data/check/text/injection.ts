import { mergeRanges, rangesOf, type TextCheck } from '../finding.ts';

const BEFORE =
  '(?:(?:all|any|every|each|the|your|my|of|these|those|previous|prior|above|earlier|preceding|former|foregoing|existing|current|original|initial|system|safety|content|other)\\s+)*';
const ORDERS =
  '(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|commands?|orders?|messages?|context|text|restrictions?|constraints?|programming|training|policies|policy|safeguards?|filters?|said|above|so far)';

/** What tells a model to leave its task, in the wordings that published attacks use, and in German, French and Spanish. */
const PATTERNS = [
  new RegExp(
    `\\b(?:ignore|disregard|forget|override|bypass|overrule|discard|neglect|skip)\\s+(?:about\\s+|everything\\s+(?:in\\s+|from\\s+)?)?(?:all|any|every|the|your|my|of|these|those|previous|prior|above|earlier|preceding|former|foregoing|existing|original|initial|system|safety|what)\\s+${BEFORE}${ORDERS}\\b`,
    'gi',
  ),
  /\b(?:forget|ignore|disregard)\s+(?:everything|all(?:\s+of\s+(?:it|that))?|anything|whatever)\s+(?:(?:that\s+)?(?:you|i|we|was|were|has)\b|above|before|so far|prior|previous|up to)/gi,
  /\b(?:do\s+not|don't|never|stop)\s+(?:follow(?:ing)?|obey(?:ing)?|comply(?:ing)?\s+with)\s+(?:(?:the|your|any|all|these|those|previous|prior|original|above)\s+)+(?:instructions?|rules?|guidelines?|prompts?|policies)/gi,
  /\byou\s+are\s+(?:now|no\s+longer)\s+(?:(?:an?|the|in|my)\s+)?(?:DAN\b|jailbroken|unrestricted|unfiltered|uncensored|bound|restricted|developer\s+mode|free\s+(?:of|from)|evil|do\s+anything)/gi,
  /\b(?:from\s+now\s+on|henceforth),?\s+you\s+(?:are|will|must|have)\s+(?:\w+\s+){0,6}(?:DAN|no\s+(?:rules|restrictions|limits|filters)|ignore|unrestricted|obey|without\s+(?:any\s+)?(?:restrictions?|filters?|limits?))/gi,
  /\b(?:act|pretend|behave|respond|answer|roleplay)\b[^.\n]{0,40}\b(?:without\s+(?:any\s+)?(?:restrictions?|limitations?|filters?|safety|ethical|rules)|no\s+(?:restrictions?|limitations?|filters?|rules)|(?:un(?:restricted|filtered|censored)))/gi,
  /\b(?:do\s+anything\s+now|DAN\s+mode|jailbreak(?:ed)?\s+mode|developer\s+mode\s+(?:enabled|on|activated)|god\s+mode\s+(?:enabled|on)|(?:enable|enter|activate)\s+(?:developer|god|debug|admin|sudo|jailbreak|DAN)\s+mode)\b/gi,
  /\b(?:reveal|show|print|repeat|output|display|tell\s+me|give\s+me|disclose|leak|share|write\s+out|expose|what\s+(?:is|are|was|were))\s+(?:(?:me|us|verbatim|back|out)\s+)*(?:(?:your|the|all|of|full|entire|exact|complete|hidden|secret|initial|original|above|internal|confidential|system)\s+){1,5}(?:system\s+)?(?:prompt|instructions|system\s+message|pre-?prompt|guidelines|configuration)\b/gi,
  /\b(?:repeat|print|output|show)\s+(?:everything|all(?:\s+the)?\s+(?:text|words)|the\s+(?:words|text))\s+(?:above|before|starting\s+with)/gi,
  /\b(?:new|updated|real|actual|important|override|admin|system)\s+(?:system\s+)?(?:instructions?|prompt|directive|override|command)\s*:/gi,
  /\b(?:begin|start|end)\s+(?:of\s+)?(?:new\s+)?(?:system\s+)?(?:prompt|instructions)\b(?=\s*(?:[\]:>-]|$))/gi,
  /(?:^|\n)\s*(?:#{2,}\s*(?:system|instructions?|new\s+instructions?|system\s+prompt)\s*:?|\[?system\]?\s*(?:message|override|prompt)?\s*:)(?=\s|$)/gi,
  /<\|(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|eot_id|begin_of_text|end)\|>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:system|system_prompt|instructions)>|<start_of_turn>|<end_of_turn>/gi,
  /\b(?:this\s+is\s+your\s+)?(?:your\s+new\s+(?:task|role|goal|objective|instructions?|purpose)\s+(?:is|are)\b)/gi,
  /\binstead\s+of\s+(?:following|answering|doing)\b[^.\n]{0,50}\b(?:say|write|reply|output|print|respond)\b/gi,
  /\b(?:override|disable|turn\s+off|deactivate|bypass|circumvent|remove)\s+(?:(?:all|any|your|the|its|my)\s+)*(?:safety|content|ethical|moderation|security)\s+(?:filters?|guidelines?|protocols?|measures?|checks?|restrictions?|policies|settings|features?)/gi,
  // German
  /\b(?:ignorier(?:e|en|t)?|vergiss|vergessen|missachte|übergehe|verwirf|überschreibe)\s+(?:sie\s+)?(?:bitte\s+)?(?:(?:alle|alles|sämtliche|die|deine|ihre|jede|meine|vorherigen?|bisherigen?|vorangehenden?|obigen?|früheren?|vorigen?|ursprünglichen?)\s+)+(?:anweisung(?:en)?|instruktion(?:en)?|regeln?|vorgaben?|befehle?|prompts?|nachrichten|richtlinien|was|davor|zuvor|vorherige|bisherige)/giu,
  /\b(?:zeig(?:e|en)?|verrate|nenn(?:e|en)?|gib|wiederhole|drucke)\s+(?:mir\s+)?(?:sie\s+)?(?:bitte\s+)?(?:(?:deinen?|ihren?|den|die|das|deine|ihre)\s+)(?:(?:versteckten|geheimen|ganzen|vollständigen|internen|geheime|versteckte|internen)\s+)?(?:system-?prompt|systemanweisung(?:en)?|systemnachricht|anweisungen|prompt)/giu,
  /\bdu\s+bist\s+(?:jetzt|nun|ab\s+sofort|nicht\s+mehr)\s+(?:\S+\s+){0,3}(?:DAN|uneingeschränkt\p{L}*|ungefiltert\p{L}*|ohne\s+(?:regeln|filter|einschränkungen)|entwicklermodus)/giu,
  // French, Spanish, Italian
  /(?<!\p{L})(?:ignore[zr]?|oublie[zr]?|ne\s+tiens\s+pas\s+compte\s+de)\s+(?:(?:toutes|tous|les|tes|vos|des|ces)\s+)+(?:(?:précédentes|anciennes|autres)\s+)?(?:instructions?|consignes?|règles?|directives?|messages?)/giu,
  /(?<!\p{L})(?:ignora[rd]?|olvida[rd]?|descarta|ignore|olvide)\s+(?:(?:todas?|todos|las|los|tus|sus|estas|cualquier)\s+)+(?:(?:anteriores|previas)\s+)?(?:instrucciones?|reglas|órdenes|indicaciones|mensajes)/giu,
  /(?<!\p{L})(?:ignora|dimentica|ignorate)\s+(?:(?:tutte|tutti|le|i|gli|tue)\s+)+(?:(?:precedenti|altre)\s+)?(?:istruzioni|regole|indicazioni|messaggi)/giu,
  // Text that a reader does not see: Unicode tags, runs of zero-width characters, and turned writing direction.
  /[\u{e0020}-\u{e007e}]{4,}|[\u200b\u2060\u200c]{3,}|[\u202d\u202e]/gu,
];

export const injection: TextCheck = {
  kind: 'injection',
  severity: 'high',
  one: 'text that instructs the model',
  many: 'texts that instruct the model',
  fix: 'remove the rows, unless they teach the model to refuse such text',
  placeholder: '[removed]',
  mayHold:
    /ignor|disregard|forget|overr|bypass|discard|neglect|skip|obey|follow|comply|\bDAN\b|you\s+are|from\s+now|henceforth|pretend|\bact\b|behave|role-?play|respond|answer|mode|reveal|prompt|instruct|repeat|print|system|<\||\[\/?INST|<<|<start_of|<end_of|new\s|instead|disable|turn\s+off|deactiv|circumv|remove|vergiss|vergessen|missachte|übergehe|verwirf|überschreib|anweisung|du\s+bist|oubli|consigne|olvid|descarta|dimentica|[\u200b\u2060\u200c\u202d\u202e]|[\u{e0020}-\u{e007e}]/iu,
  find: (text) => mergeRanges(PATTERNS.flatMap((pattern) => rangesOf(text, pattern))),
};
