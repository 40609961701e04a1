/**
 * The one script, for administrators: it keeps the page from refreshing while servers are selected, selects all, asks
 * before the last server of a backend is taken away, and lets what came of an action be told once. Without it the page
 * does all it does, but for that.
 */
import { createHash } from 'node:crypto';
import { STYLE } from './style.js';

export const SCRIPT = `addEventListener('DOMContentLoaded', () => {
  'use strict';
  history.replaceState(null, '', location.href.replace(/;st=[A-Z]+/, ''));
  const picked = (form) => [...form.elements].filter((e) => e.name === 's' && e.checked);
  const forms = [...document.querySelectorAll('form.act')];
  const seconds = Number(document.body.dataset.refresh);
  const note = document.createElement('p');
  note.className = 'pause';
  note.setAttribute('role', 'status');
  let left = seconds;
  const isBusy = () => forms.some((form) => picked(form).length > 0 || form.contains(document.activeElement));
  const tick = () => {
    const text = isBusy() ? 'Refresh waits while servers are selected.' : '';
    if (note.textContent !== text) note.textContent = text;
    if (text === '' && --left <= 0) location.reload();
    else if (text !== '') left = seconds;
  };
  if (seconds > 0) {
    document.querySelector('header').append(note);
    setInterval(tick, 1000);
  }
  const takesAway = ['drain', 'maint', 'hnolb', 'hdown', 'adown', 'disable', 'stop'];
  for (const form of forms) {
    const boxes = [...form.elements].filter((e) => e.name === 's');
    const all = document.createElement('button');
    all.type = 'button';
    all.textContent = 'Select all';
    all.addEventListener('click', () => {
      const on = picked(form).length < boxes.length;
      for (const box of boxes) box.checked = on;
    });
    form.prepend(all);
    form.addEventListener('submit', (event) => {
      const rest = boxes.filter((b) => !b.checked && Number(b.dataset.weight) > 0 && ['up', 'falling', 'plain'].includes(b.dataset.tone));
      const last = rest.length === 0 && takesAway.includes(form.elements.action.value) && picked(form).length > 0;
      const question = 'No server of ' + form.dataset.backend + ' would be left to take traffic. Go on?';
      if (last && !confirm(question)) event.preventDefault();
    });
  }
});`;

const digest = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const SOURCES = `default-src 'none'; img-src data:; style-src ${digest(STYLE)}; script-src ${digest(SCRIPT)}`;

/** @returns what the page may load and do: nothing but its own; where actions are taken, no other site may frame it */
export function contentPolicy(isAdmin: boolean): string {
  const frames = isAdmin ? "; frame-ancestors 'self'" : '';
  return `${SOURCES}; form-action 'self'; base-uri 'none'${frames}`;
}
