const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const DAY_MS = 86_400_000;

/** Days since the year began, from 0. */
function dayOfYear(date: Date): number {
  const at = (year: number, month: number, day: number): number => Date.UTC(year, month, day);
  const year = date.getFullYear();
  return Math.round((at(year, date.getMonth(), date.getDate()) - at(year, 0, 1)) / DAY_MS);
}

/** Year and week of ISO 8601: the week belongs to the year that its Thursday lies in. */
function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const weekday = (date.getDay() + 6) % 7;
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() - weekday + 3);
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

interface Field {
  readonly value: number | string;
  /** Digits it is filled to, and with what. */
  readonly width?: number;
  readonly fill?: '0' | ' ';
}

/**
 * Python's `datetime.now().strftime(format)` as glibc writes it in the C locale: all directives, the flags `-`, `_`, `0`, `^`
 * and `#`, a width, and what is no directive as it stands. `%z` and `%Z` are empty, as the time has no zone. Local time.
 */
export function strftime(date: Date, format: string): string {
  const year = date.getFullYear();
  const hours = date.getHours();
  const yearDay = dayOfYear(date);
  const month = MONTHS[date.getMonth()] ?? '';
  const day = DAYS[date.getDay()] ?? '';
  const iso = isoWeek(date);
  const two = (value: number, fill: '0' | ' ' = '0'): Field => ({ value, width: 2, fill });
  const composed = (inner: string): Field => ({ value: strftime(date, inner) });
  const field = (letter: string): Field | undefined => {
    switch (letter) {
      case 'a':
        return { value: day.slice(0, 3) };
      case 'A':
        return { value: day };
      case 'b':
      case 'h':
        return { value: month.slice(0, 3) };
      case 'B':
        return { value: month };
      case 'c':
        return composed('%a %b %e %H:%M:%S %Y');
      case 'C':
        return two(Math.floor(year / 100));
      case 'd':
        return two(date.getDate());
      case 'D':
      case 'x':
        return composed('%m/%d/%y');
      case 'e':
        return two(date.getDate(), ' ');
      case 'F':
        return composed('%Y-%m-%d');
      case 'f':
        return { value: date.getMilliseconds() * 1000, width: 6, fill: '0' };
      case 'g':
        return two(iso.year % 100);
      case 'G':
        return { value: iso.year, width: 4, fill: '0' };
      case 'H':
        return two(hours);
      case 'I':
        return two(hours % 12 || 12);
      case 'j':
        return { value: yearDay + 1, width: 3, fill: '0' };
      case 'k':
        return two(hours, ' ');
      case 'l':
        return two(hours % 12 || 12, ' ');
      case 'm':
        return two(date.getMonth() + 1);
      case 'M':
        return two(date.getMinutes());
      case 'n':
        return { value: '\n' };
      case 'p':
        return { value: hours < 12 ? 'AM' : 'PM' };
      case 'P':
        return { value: hours < 12 ? 'am' : 'pm' };
      case 'r':
        return composed('%I:%M:%S %p');
      case 'R':
        return composed('%H:%M');
      case 's':
        return { value: Math.floor(date.getTime() / 1000) };
      case 'S':
        return two(date.getSeconds());
      case 't':
        return { value: '\t' };
      case 'T':
      case 'X':
        return composed('%H:%M:%S');
      case 'u':
        return { value: date.getDay() || 7 };
      case 'U':
        return two(Math.floor((yearDay + 7 - date.getDay()) / 7));
      case 'V':
        return two(iso.week);
      case 'w':
        return { value: date.getDay() };
      case 'W':
        return two(Math.floor((yearDay + 7 - ((date.getDay() + 6) % 7)) / 7));
      case 'y':
        return two(year % 100);
      case 'Y':
        return { value: year };
      case 'z':
      case 'Z':
        return { value: '' };
      case '%':
        return { value: '%' };
      default:
        return undefined;
    }
  };
  return format.replace(/%([-_0^#]*)(\d*)[EO]?([A-Za-z%])/g, (whole, flags: string, width: string, letter: string) => {
    const found = field(letter);
    if (found === undefined) return whole;
    const isNumber = typeof found.value === 'number';
    let fill = found.fill ?? (isNumber ? '0' : ' ');
    let digits = found.width ?? 0;
    for (const flag of flags) {
      if (flag === '-') digits = 0;
      else if (flag === '_') fill = ' ';
      else if (flag === '0') fill = '0';
    }
    let text = String(found.value).padStart(width === '' ? digits : Math.min(1000, Number(width)), fill);
    if (flags.includes('^')) text = text.toUpperCase();
    // glibc turns the case of AM and PM about, and raises that of names.
    if (flags.includes('#')) text = letter === 'p' || letter === 'Z' ? text.toLowerCase() : text.toUpperCase();
    return text;
  });
}
